/** What a caller is told when something goes wrong: a status, a code to act on, a sentence. */
import {
  ArgumentError,
  DecodeError,
  DisposedError,
  InputTooShortError,
  InvalidSampleError,
  UndertoneError,
  UnknownModelError,
} from 'undertone';

export class ServiceError extends Error {
  readonly statusCode: number;
  readonly code: string;
  /** Seconds after which another try makes sense. */
  readonly retryAfter: number | undefined;

  constructor(statusCode: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

export const draining = () => new ServiceError(503, 'shutting_down', 'this process is ending; another one answers', 1);

/** Whatever was thrown, as what a caller may see: nothing of the inside, no name of a file. */
export function publicError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof DecodeError) {
    return new ServiceError(422, 'unreadable_audio', error.message.replace(`${error.file}: `, 'audio: '));
  }
  if (error instanceof UnknownModelError) return new ServiceError(400, 'unknown_model', error.message);
  if (error instanceof InputTooShortError) return new ServiceError(400, 'too_short', error.message);
  if (error instanceof InvalidSampleError) return new ServiceError(400, 'bad_samples', error.message);
  if (error instanceof ArgumentError) return new ServiceError(400, 'bad_argument', error.message);
  if (error instanceof DisposedError) return draining();
  if (error instanceof UndertoneError) return new ServiceError(500, 'analysis_failed', error.message);
  if (isTimeout(error)) return new ServiceError(503, 'too_slow', 'the time for this request was used up', 5);
  return new ServiceError(500, 'internal', 'something went wrong inside');
}

export function bodyOf({ code, message }: ServiceError): ErrorBody {
  return { error: { code, message } };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
