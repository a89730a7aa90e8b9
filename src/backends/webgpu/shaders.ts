/**
 * Shaders are the files of shaders/, which the build puts into the code. A first line `// uses a.wgsl, b.wgsl` appends
 * those files, which WGSL allows in any order, so lines of the file itself keep their numbers in messages.
 */
import { UndertoneError } from '../../errors.ts';
import { sources } from './shaders.generated.ts';

export interface Shader {
  readonly file: string;
  readonly source: string;
  /** Fields of `struct Params` in order; `length` counts 32-bit words. */
  readonly params: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
  /** Bytes from one Params to the next. */
  readonly stride: number;
  /**
   * Params of many steps that the kernel picks its own from, `var<uniform> jobs: array<Params, N>`; 1 where it sees
   * only its own.
   */
  readonly capacity: number;
  /** Whole numbers that the shader gives names to, `const MAX = 2u;`. */
  readonly constants: ReadonlyMap<string, number>;
  /** File and line for a line of `source`, both counted from 1. */
  origin(line: number): { file: string; line: number };
}

const shaders = new Map<string, Shader>();

export function loadShader(file: string): Shader {
  let shader = shaders.get(file);
  if (!shader) {
    shader = readShader(file);
    shaders.set(file, shader);
  }
  return shader;
}

function readShader(file: string): Shader {
  const own = textOf(file);
  const used = /^\/\/ uses (.*)$/m.exec(own.split('\n', 1)[0])?.[1].split(/,\s*/) ?? [];
  const parts = [{ file, text: own }, ...used.map((name) => ({ file: name, text: textOf(name) }))];
  const source = parts.map((part) => part.text).join('\n');
  const params = paramsOf(source);
  return {
    file,
    source,
    params,
    stride: 16 * Math.ceil(params.reduce((end, { offset, length }) => Math.max(end, offset + length), 0) / 4),
    capacity: Number(/jobs: array<Params, (\d+)>/.exec(source)?.[1] ?? 1),
    constants: new Map(
      [...source.matchAll(/^const (\w+) = (\d+)u;$/gm)].map(([, name, value]) => [name, Number(value)]),
    ),
    origin(line) {
      let rest = line;
      for (const part of parts) {
        const lines = part.text.split('\n').length;
        if (rest <= lines) return { file: part.file, line: rest };
        rest -= lines;
      }
      return { file, line };
    },
  };
}

function textOf(file: string): string {
  const text = sources[file];
  if (text === undefined) throw new UndertoneError(`there is no shader ${file}`);
  return text;
}

/** Words of `u32` and `array<vec4u, N>` fields, laid out as the uniform address space wants them. */
function paramsOf(source: string): Shader['params'] {
  const body = /struct Params \{([^}]*)\}/.exec(source)?.[1] ?? '';
  let offset = 0;
  const fields = body.replace(/\/\/.*$/gm, '').matchAll(/(\w+): (u32|array<vec4u, (\d+)>)/g);
  return [...fields].map(([, name, , count]) => {
    const length = count ? 4 * Number(count) : 1;
    if (count) offset = Math.ceil(offset / 4) * 4;
    const field = { name, offset, length };
    offset += length;
    return field;
  });
}

/** Writes `values` by name into `words`; a field without a value, or a value without a field, is an error. */
export function writeParams(
  shader: Shader,
  values: Readonly<Record<string, number | readonly number[]>>,
  words: Uint32Array,
): void {
  const unknown = Object.keys(values).filter((name) => !shader.params.some((field) => field.name === name));
  if (unknown.length) throw new UndertoneError(`shaders/${shader.file}: struct Params has no ${unknown.join(', ')}`);
  for (const { name, offset, length } of shader.params) {
    const value = values[name];
    const given = typeof value === 'number' ? [value] : value;
    if (given === undefined || given.length > length)
      throw new UndertoneError(`shaders/${shader.file}: struct Params needs ${length} words for ${name}`);
    given.forEach((word, i) => (words[offset + i] = word));
  }
}
