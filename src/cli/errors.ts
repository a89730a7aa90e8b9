import { ArgumentError, UndertoneError, UnknownModelError } from '../errors.ts';
import { printable } from './style.ts';

/** `plain`: a network was written that is no model of audio. */
export const exitCodes = { done: 0, failed: 1, usage: 2, plain: 3, interrupted: 130 } as const;

/** The command line contradicts itself, or asks for what there is not. */
export class UsageError extends UndertoneError {}

/** Prints an error in one line; gives the exit code. What nobody foresaw keeps its stack. */
export function reportError(error: unknown): number {
  if ((error as Error)?.name === 'AbortError') return exitCodes.interrupted;
  process.stderr.write(`undertone: ${messageOf(error)}\n`);
  return error instanceof UsageError || error instanceof ArgumentError || error instanceof UnknownModelError
    ? exitCodes.usage
    : exitCodes.failed;
}

export function messageOf(error: unknown): string {
  const isForeseen = error instanceof UndertoneError || typeof (error as NodeJS.ErrnoException)?.syscall === 'string';
  return isForeseen
    ? printable((error as Error).message.replace(/\s*\n\s*/g, ' '))
    : ((error as Error)?.stack ?? String(error));
}
