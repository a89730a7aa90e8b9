/**
 * The instructions of the CPU backend, read from assembly/: an instruction is a class of arguments and the function
 * that takes it, `Gru` and `gru(p: Gru)`. Of them are made the dispatch in AssemblyScript and the table by which
 * TypeScript writes programs. The kinds that src/ops lists become enumerations in AssemblyScript, those of assembly/
 * become objects.
 */
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { activationNames } from '../../src/ops/activation.ts';
import { binaryKinds } from '../../src/ops/binary.ts';
import { isStale, root, write } from './write.ts';

const folder = 'src/backends/wasm/assembly';
const target = 'src/backends/wasm/instructions.generated.ts';
const head = '// Made by tools/generate.ts';

/** By the name of the enumeration. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  Activation: activationNames,
  Combination: Object.keys(binaryKinds),
};

interface ClassOf {
  readonly name: string;
  readonly file: string;
  readonly base: string | undefined;
  /** Names and AssemblyScript types, without those of the base. */
  readonly fields: readonly { readonly name: string; readonly type: string }[];
}

interface Sources {
  readonly classes: ClassOf[];
  readonly functions: Set<string>;
  readonly enumerations: { readonly name: string; readonly members: readonly string[] }[];
}

async function parse(files: readonly string[]): Promise<Sources> {
  // It takes a second to load, and is seldom needed.
  const assemblyscript = await import('assemblyscript');
  const { ClassDeclaration, EnumDeclaration, FieldDeclaration, FunctionDeclaration, NamedTypeNode } = assemblyscript;
  const typeName = (type: unknown): string => (type instanceof NamedTypeNode ? type.name.identifier.text : '?');
  const sources: Sources = { classes: [], functions: new Set(), enumerations: [] };
  for (const file of files) {
    const parser = new assemblyscript.Parser();
    parser.parseFile(readFileSync(join(root, folder, file), 'utf8'), file, true);
    if (parser.diagnostics.length > 0) throw new Error(`${folder}/${parser.diagnostics.join('\n')}`);
    for (const statement of parser.sources[0].statements) {
      if (statement instanceof FunctionDeclaration) sources.functions.add(statement.name.text);
      if (statement instanceof EnumDeclaration)
        sources.enumerations.push({
          name: statement.name.text,
          members: statement.values.map(({ name }) => name.text),
        });
      if (statement instanceof ClassDeclaration)
        sources.classes.push({
          name: statement.name.text,
          file,
          base: statement.extendsType ? typeName(statement.extendsType) : undefined,
          fields: statement.members.flatMap((member) =>
            member instanceof FieldDeclaration ? [{ name: member.name.text, type: typeName(member.type) }] : [],
          ),
        });
    }
  }
  return sources;
}

function fieldsOf({ base, fields }: ClassOf, classes: readonly ClassOf[]): ClassOf['fields'] {
  const parent = classes.find(({ name }) => name === base);
  return parent ? [...fieldsOf(parent, classes), ...fields] : fields;
}

const functionOf = ({ name }: ClassOf): string => name[0].toLowerCase() + name.slice(1);

/** AssemblyScript: the kernel of an opcode, counted from 1. */
function dispatch(instructions: readonly ClassOf[]): string {
  const imports = instructions.map(
    (each) => `import { ${each.name}, ${functionOf(each)} } from './${each.file.slice(0, -3)}';`,
  );
  const cases = instructions.map(
    (each, i) => `    case ${i + 1}: ${functionOf(each)}(changetype<${each.name}>(args)); break;`,
  );
  return `${head}: what the classes of arguments here belong to.
${imports.join('\n')}

export function execute(opcode: i32, args: usize): void {
  switch (opcode) {
${cases.join('\n')}
    default: unreachable();
  }
}
`;
}

/** TypeScript: the arguments of all instructions in order, and the enumerations. */
function table(instructions: readonly ClassOf[], { classes, enumerations }: Sources): string {
  const rows = instructions.map((each) => {
    const fields = fieldsOf(each, classes).map(({ name, type }) => `${name}: ${type === 'f32' ? 1 : 0}`);
    return `  ${functionOf(each)}: { ${fields.join(', ')} },`;
  });
  const objects = enumerations.map(
    ({ name, members }) =>
      `\nexport const ${name} = { ${members.map((member, i) => `${member}: ${i}`).join(', ')} } as const;\n`,
  );
  return `${head} of the classes and enumerations in assembly/. Opcodes count the instructions from 1 on;
// an argument is 1 where it is a float32, 0 where it is a whole number or an address.
export const instructions = {
${rows.join('\n')}
} as const;
${objects.join('')}`;
}

/** AssemblyScript: a kind's number is its place in the list. */
function enumerationsOf(): string {
  const all = Object.entries(kinds).map(
    ([name, members]) => `\nexport const enum ${name} {\n  ${members.join(',\n  ')},\n}\n`,
  );
  return `${head} of the kinds in src/ops.\n${all.join('')}`;
}

/** A kind without a case would be computed as another one. */
function checkCases(files: readonly string[]): void {
  const text = files.map((file) => readFileSync(join(root, folder, file), 'utf8')).join('\n');
  for (const [enumeration, members] of Object.entries(kinds))
    for (const member of members)
      if (!text.includes(`case ${enumeration}.${member}:`))
        throw new Error(`${folder} has no "case ${enumeration}.${member}:"`);
}

/** Throws where assembly/ can't be read, or lacks a kind. */
export async function writeInstructions(): Promise<void> {
  const own = readdirSync(join(root, folder)).filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'));
  const sources = ['src/ops/activation.ts', 'src/ops/binary.ts', 'tools/generate/instructions.ts', folder];
  if (!isStale(target, [...sources, ...own.map((file) => `${folder}/${file}`)])) return;
  checkCases(own);
  const parsed = await parse(own);
  const instructions = parsed.classes
    .filter((each) => parsed.functions.has(functionOf(each)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  write(`${folder}/kinds.generated.ts`, enumerationsOf());
  write(`${folder}/dispatch.generated.ts`, dispatch(instructions));
  write(target, table(instructions, parsed));
  utimesSync(join(root, target), new Date(), new Date());
}
