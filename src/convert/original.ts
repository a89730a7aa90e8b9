/** The ONNX file as onnxruntime-node computes it: what a conversion is held against. */
import { ConversionError } from '../errors.ts';
import type { OnnxTensor } from '../onnx/reader.ts';

export interface Given {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Original {
  readonly name: string;
  /** Outputs by name. Throws what the runtime throws, of which the message is of use. */
  run(inputs: readonly Given[]): Promise<Readonly<Record<string, Float32Array>>>;
}

type OrtData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: OrtData, shape: readonly number[]) => object;
  readonly env?: { readonly versions?: Readonly<Record<string, string>> };
}
interface OrtSession {
  readonly inputMetadata: readonly { readonly name: string; readonly type?: string }[];
  run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: ArrayLike<number | bigint> }>>;
}

/** Loads onnxruntime-node, which is not a dependency: only who converts needs it. */
async function loadRuntime(source: string): Promise<OrtModule> {
  // A name that the compiler does not follow, because the package need not be there.
  const name: string = 'onnxruntime-node';
  try {
    const loaded = await import(name);
    return loaded.default ?? loaded;
  } catch (error) {
    throw new ConversionError(
      source,
      'the conversion is checked against onnxruntime-node, which is not installed; install it (npm install ' +
        'onnxruntime-node@1.30.0) or pass --no-verify',
      undefined,
      { cause: error },
    );
  }
}

/** Numbers as the runtime wants them for an element type. */
const arrays: Readonly<Record<string, (data: ArrayLike<number>) => OrtData>> = {
  float32: (data) => Float32Array.from(data),
  int64: (data) => BigInt64Array.from(Array.from(data), (value) => BigInt(Math.trunc(value))),
  int32: (data) => Int32Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  bool: (data) => Uint8Array.from(data, (value) => Number(value !== 0)),
};

/**
 * An ONNX file, or the bytes of one, on onnxruntime; a file must be named by its path, because external data lies
 * beside it. `source` is what errors call it, `fixed` are inputs that were given once and for all.
 */
export async function openOriginal(
  model: Uint8Array | string,
  source: string,
  fixed: Readonly<Record<string, OnnxTensor>> = {},
): Promise<Original> {
  const ort = await loadRuntime(source);
  let session: OrtSession;
  try {
    session = await ort.InferenceSession.create(model, {
      // What goes wrong comes as an exception; the runtime need not print it as well.
      logSeverityLevel: 4,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (error) {
    throw new ConversionError(source, `onnxruntime refuses it: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
  const types = new Map(session.inputMetadata.map(({ name, type }) => [name, type ?? 'float32']));
  const tensor = ({ name, shape, data }: Given): object => {
    const type = types.get(name) ?? 'float32';
    const make = arrays[type];
    if (!make)
      throw new ConversionError(
        source,
        `input "${name}" is of type ${type}, which can't be compared; --no-verify leaves that out`,
      );
    return new ort.Tensor(type, make(data), shape);
  };
  const settled = Object.entries(fixed).map(
    ([name, { shape, values }]) => [name, tensor({ name, shape, data: values })] as const,
  );
  return {
    name: `onnxruntime-node ${ort.env?.versions?.node ?? ort.env?.versions?.common ?? ''}`.trim(),
    async run(inputs) {
      const feeds = Object.fromEntries([...settled, ...inputs.map((input) => [input.name, tensor(input)] as const)]);
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [
          name,
          data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number),
        ]),
      );
    },
  };
}
