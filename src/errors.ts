import { closestMatch } from 'leven';

/**
 * Every error this library throws on purpose is an `UndertoneError`. Each small class builds its own sentence
 * from what was wrong, what came, and what is allowed, so that a message can be acted on without a debugger.
 */
export class UndertoneError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An argument of a public call is of the wrong type or out of range. */
export class ArgumentError extends UndertoneError {
  readonly argument: string;
  readonly got: string;
  readonly allowed: string;

  constructor(argument: string, got: string, allowed: string, options?: ErrorOptions) {
    super(`${argument}: got ${got}, but it must be ${allowed}`, options);
    this.argument = argument;
    this.got = got;
    this.allowed = allowed;
  }
}

/** An option that there is not. The sentence names the one that was probably meant. */
export class UnknownOptionError extends ArgumentError {
  constructor(option: string, known: readonly string[]) {
    const near = closestMatch(plain(option), known.map(plain), { maxDistance: Math.ceil(option.length / 3) });
    const meant = known.find((name) => plain(name) === near);
    const allowed = meant ?? `one of ${known.join(', ')}`;
    super(option, 'an option that there is not', allowed);
    this.message = meant
      ? `${option}: did you mean ${meant}?`
      : `${option}: there is no such option; there are ${known.join(', ')}`;
  }
}

const plain = (name: string): string => name.replace(/[-_]/g, '').toLowerCase();

/** The audio holds less than one step of 64 ms. Lengths are in samples per channel at the caller's own rate. */
export class InputTooShortError extends UndertoneError {
  readonly samples: number;
  readonly needed: number;
  readonly sampleRate: number;

  constructor(samples: number, needed: number, sampleRate: number) {
    super(
      `data: ${samples} samples at ${sampleRate} Hz are shorter than one step; at least ${needed} samples ` +
        '(64 ms) are needed',
    );
    this.samples = samples;
    this.needed = needed;
    this.sampleRate = sampleRate;
  }
}

/** A stream's sample is NaN or infinite; it counted as silence. The place is counted in samples of the channel. */
export class InvalidSampleError extends UndertoneError {
  readonly channel: number;
  readonly frame: number;

  constructor(channel: number, frame: number, sampleRate: number) {
    super(
      `data: sample ${frame} of channel ${channel} (${(frame / sampleRate).toFixed(3)} s into the stream) is ` +
        'no number and counts as silence',
    );
    this.channel = channel;
    this.frame = frame;
  }
}

/** A model was asked for that is not there. */
export class UnknownModelError extends UndertoneError {
  readonly model: string;
  readonly available: readonly string[];

  constructor(model: string, available: readonly string[]) {
    super(`models: there is no model ${JSON.stringify(model)}; available: ${available.join(', ') || 'none'}`);
    this.model = model;
    this.available = available;
  }
}

/** A device was named and cannot be had. `remedy` says how to get it. */
export class DeviceUnavailableError extends UndertoneError {
  readonly device: string;
  readonly reason: string;
  readonly remedy: string;

  constructor(device: string, reason: string, remedy: string) {
    super(`device ${JSON.stringify(device)} is not available: ${reason}. ${remedy}`);
    this.device = device;
    this.reason = reason;
    this.remedy = remedy;
  }
}

/** The GPU device was lost and could not be brought back. */
export class DeviceLostError extends UndertoneError {}

/** A model or a batch needs more than the device allows. */
export class DeviceLimitError extends UndertoneError {
  readonly limit: string;
  readonly needed: number;
  readonly available: number;

  constructor(limit: string, needed: number, available: number) {
    super(`${limit}: ${needed} needed, but this device allows ${available}`);
    this.limit = limit;
    this.needed = needed;
    this.available = available;
  }
}

/** The engine, a stream or a program was used after `dispose()`. */
export class DisposedError extends UndertoneError {
  constructor(what: string) {
    super(`${what} was disposed and cannot be used any more`);
  }
}

/** A node's inputs do not fit together. The sentence holds the node, its op and every input shape. */
export class ShapeError extends UndertoneError {
  constructor(node: { name: string; op: string }, shapes: readonly (readonly number[])[], rule: string) {
    super(
      `node "${node.name}" (${node.op}): ${rule}; input shapes ${shapes.map((s) => `[${s.join(', ')}]`).join(' and ')}`,
    );
  }
}

/** A graph is not well formed: an unknown op, a value nobody makes, a missing or senseless attribute. */
export class GraphError extends UndertoneError {
  constructor(node: { name: string; op: string } | undefined, reason: string) {
    super(node ? `node "${node.name}" (${node.op}): ${reason}` : `graph: ${reason}`);
  }
}

/**
 * A file is no audio, is damaged, or is of a kind that can't be read. `file` is its path, or "data" for bytes in
 * memory.
 */
export class DecodeError extends UndertoneError {
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, options);
    this.file = file;
  }
}

/**
 * A model file is cut off, altered, of a newer format, or none at all. `file` is its path, or "data" for bytes in
 * memory.
 */
export class ModelFileError extends UndertoneError {
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, options);
    this.file = file;
  }
}

/**
 * An ONNX file can't be turned into a model file. Where a node is to blame, the sentence holds its name and op type.
 */
export class ConversionError extends UndertoneError {
  readonly file: string;
  readonly node: { readonly name: string; readonly op: string } | undefined;

  constructor(
    file: string,
    reason: string,
    node?: { readonly name: string; readonly op: string },
    options?: ErrorOptions,
  ) {
    super(node ? `${file}: node "${node.name}" (${node.op}): ${reason}` : `${file}: ${reason}`, options);
    this.file = file;
    this.node = node;
  }
}

/** A shader was refused. `file`, `line` and `column` point at the place, counted from 1; 0 where it is not known. */
export class ShaderError extends UndertoneError {
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(file: string, line: number, column: number, reason: string) {
    super(`shaders/${file}:${line}:${column}: ${reason}`);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}

/** The GPU had no room for what a program needs. Smaller batches may fit. */
export class DeviceMemoryError extends DeviceLimitError {
  constructor(what: string, bytes: number, largest: number) {
    super(`GPU memory for ${what}, in bytes`, bytes, largest);
    this.message =
      `the GPU has no room for ${what}: ${bytes} bytes were asked for (it allows at most ` +
      `${largest} in one buffer)`;
  }
}

/** The GPU refused a command it was given; a mistake in this library, never an answer made of zeros. */
export class GpuCommandError extends UndertoneError {}

/**
 * Worker threads died at the same job again and again, or could not be started. `cause` is what the last one died of.
 */
export class WorkerError extends UndertoneError {
  readonly attempts: number;

  constructor(attempts: number, options?: ErrorOptions) {
    const cause = options?.cause instanceof Error ? `: ${options.cause.message}` : '';
    super(
      attempts === 0
        ? `no worker thread could be started${cause}`
        : `the job was given up after ${attempts} worker threads died at it${cause}`,
      options,
    );
    this.attempts = attempts;
  }
}

/** A value in an error sentence: short, and telling what it is. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'object')
    return Array.isArray(value) ? 'an array' : `an object of type ${value.constructor?.name ?? 'Object'}`;
  if (typeof value === 'function') return 'a function';
  return String(value);
}
