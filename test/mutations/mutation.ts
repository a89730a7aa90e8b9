/** One fault that the tests must notice. */
export interface Mutation {
  /** From the root of the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly replacement: string;
  /** Files in test/ of which at least one test must fail. */
  readonly tests: readonly string[];
  /** Of tables of ops only the cases whose titles match this regular expression. */
  readonly cases?: string;
  /** Part of the short form. */
  readonly short?: boolean;
}

/** What is computed on a GPU is only noticed on one. */
export const needsGpu = ({ file }: Mutation): boolean =>
  file.startsWith('shaders/') || file.startsWith('src/backends/webgpu/');

/** A list by file, in the order text, replacement, tests, and for tables of ops their cases. */
export function inFile(
  file: string,
  rows: readonly (readonly [text: string, replacement: string, tests: string | readonly string[], cases?: string])[],
): Mutation[] {
  return rows.map(([text, replacement, tests, cases]) => ({
    file,
    text,
    replacement,
    tests: typeof tests === 'string' ? [tests] : tests,
    ...(cases === undefined ? {} : { cases }),
  }));
}
