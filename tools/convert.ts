/**
 * ONNX to a model file; the same as `undertone convert`.
 * usage: node --import tsx tools/convert.ts IN.onnx OUT.model --meta META.json
 */
import { convertCommand } from '../src/cli/convert.ts';

process.exitCode = await convertCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
