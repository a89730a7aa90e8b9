/**
 * What a model file holds; the same as `undertone inspect`.
 * usage: node --import tsx tools/inspect.ts FILE.model | --diff A.model B.model | FILE.model --compare IN.onnx
 */
import { inspectCommand } from '../src/cli/inspect.ts';

process.exitCode = await inspectCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
