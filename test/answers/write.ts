/** Writes down what the product answers now; see answers.test.ts. */
import { writeFile } from 'node:fs/promises';
import { answersForFiles, answersForStream } from './answers.ts';

const write = (name: string, text: string) => writeFile(new URL(`../fixtures/answers/${name}`, import.meta.url), text);

const lines: string[] = [];
for await (const [name, json] of answersForFiles()) lines.push(`${JSON.stringify(name)}: ${json}`);
await write('files.json', `{\n${lines.join(',\n')}\n}\n`);
await write('stream.jsonl', `${await answersForStream()}\n`);
