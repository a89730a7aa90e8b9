/** `undertone convert` and `undertone inspect`: the tools for model files, whose own code reads their arguments. */

const streams = {
  out: (text: string): void => void process.stdout.write(text),
  err: (text: string): void => void process.stderr.write(text),
};

export async function convert(args: readonly string[]): Promise<number> {
  return (await import('./convert.ts')).convertCommand(args, streams);
}

export async function inspect(args: readonly string[]): Promise<number> {
  return (await import('./inspect.ts')).inspectCommand(args, streams);
}
