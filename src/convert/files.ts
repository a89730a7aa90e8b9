/** The files of a conversion: an ONNX file and what lies beside it, and the model file that is written. */
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConversionError } from '../errors.ts';
import type { ExternalFiles } from '../onnx/reader.ts';

/** A file that claims to be larger is not read. */
const sizeLimit = 1 << 30;

export async function readOnnxFile(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > sizeLimit) throw new ConversionError(path, `${size} bytes are more than ${sizeLimit}`);
  return readFile(path);
}

/** Files by their places as seen from the folder of `path`. */
export function filesBeside(path: string): ExternalFiles {
  return (location) => readFileSync(join(dirname(path), location));
}

/** Where a file named in a list lies: in `folder`, or else beside the list. */
export function listedFile(list: string, file: string, folder = dirname(list)): string {
  return resolve(folder, file);
}

/** Writes a file so that it is there as a whole or not at all. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
