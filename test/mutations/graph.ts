/** Plans, and passes over a graph before it is stored. */
import { inFile } from './mutation.ts';

const plan = 'test/graph/plan.test.ts';
const passes = ['test/graph/passes.test.ts', 'test/graph/passes-kept.test.ts'];
const compose = 'test/graph/compose.test.ts';

export const graph = [
  ...inFile('src/graph/plan.ts', [
    [
      'other.first <= life.last && life.first <= other.last',
      'other.first < life.last && life.first < other.last',
      [plan, 'test/backends/gpujs-network.test.ts'],
    ],
    ['last: Math.max(life.last, at)', 'last: life.last', plan],
    ['touch(name, plan.nodes.length)', 'touch(name, 0)', plan],
    ['stateLength += sizeOf(shape);', '', plan],
    ['multiplyAdds += op.multiplyAdds(node, inputShapes);', '', plan],
    ['planned.stateShapes !== undefined', 'true', plan],
    ['b.size - a.size || a.first - b.first', 'a.size - b.size || a.first - b.first', plan],
    ['if (from + size > rival.from) from', 'from', plan],
  ]),
  ...inFile('src/graph/graph.ts', [
    ["if (name !== '' && !made.has(name)) throw", 'if (false) throw', plan],
    ["if (name === '' || made.has(name)) throw", 'if (false) throw', plan],
    ['extent < 1', 'extent < 0', plan],
  ]),
  ...inFile('src/graph/compose.ts', [
    ['`${kind} ${frame}/', '`${kind} ', compose],
    ['${hop}/', '', compose],
    [' at ${sampleRate}`', '`', compose],
    ['if (!input || model.graph.inputs.length !== 1)', 'if (!input)', compose],
  ]),
  ...inFile('src/graph/passes/fold-scales.ts', [
    ['(bias?.[i] ?? 0) * change.factor[i] + summand', '(bias?.[i] ?? 0) + summand', passes],
    ['value * change.factor[i % channels]', 'value * change.factor[0]', passes],
    ["kind === 'divide' && !constantFirst &&", "kind === 'divide' &&", passes],
    ['factor: ones.map((x) => -x), summand: c }', 'factor: ones, summand: c }', passes],
    ['scale[Math.floor(i / channelsOut) % channelsIn]', 'scale[i % channelsIn]', passes],
    ["(node.attributes.activation ?? 'identity') === 'identity' && !node.inputs[3]", 'true', passes],
    ["? !scale && !bias : node.attributes.kind === 'add' && !bias", '? true : true', passes],
  ]),
  ...inFile('src/graph/passes/fold-cuts.ts', [
    ['pads[0] -= start;', '', passes],
    ['pads[1] -= tail;', '', passes],
    ['strides[0] !== 1 ||', '', passes],
    ['start <= pads[0]', 'true', passes],
    ['!(tail <= pads[1])', 'false', passes],
  ]),
  ...inFile('src/graph/passes/fold-pads.ts', [
    ['|| (pad.attributes.value ?? 0) !== 0', '', passes],
    ['count + spatial[i]', 'spatial[i]', passes],
    ["(node.op === 'pool' ? { countPadding: 1 } : {})", '{}', passes],
    ["node.op === 'pool' && own.some((count) => count !== 0) && !node.attributes.countPadding", 'false', passes],
  ]),
  ...inFile('src/graph/passes/fold-transposes.ts', [
    ['rows[Math.floor(i / columns)] * columns', 'Math.floor(i / columns) * columns', passes],
    ['i < front && axis !== i', 'false', passes],
  ]),
  ...inFile('src/graph/passes/flatten-frequency.ts', [
    ['pads[2] !== 0 ||', '', passes],
    ['shape[2] !== bins', 'false', passes],
    ['|| (node.attributes.groups ?? 1) !== 1', '', passes],
  ]),
  ...inFile('src/graph/passes/fuse.ts', [
    ['sameShape(shape, theirs[at])', 'true', passes],
    ["conv?.op !== 'conv' || conv.inputs[3] ||", "conv?.op !== 'conv' ||", passes],
    ['activation: kind, ...parameters', 'activation: kind', passes],
    ['.includes(maker.op) || !isPlain(maker)) return', '.includes(maker.op)) return', passes],
  ]),
  ...inFile('src/graph/passes/hoist-transposes.ts', [
    ['.slice(2 * axis, 2 * axis + 2)', '.slice(0, 2)', passes],
    ['axis: place(attributes.axis as number)', 'axis: attributes.axis', passes],
  ]),
  ...inFile('src/graph/passes/simplify.ts', [
    ['.map((axis) => inner[axis])', '.map((axis) => axis)', passes],
    ['!backwards && before', 'before', passes],
    ['extent === -1).length > 1 ? undefined', 'extent === -1).length > 9 ? undefined', passes],
    ['if (editor.isOutput(node.outputs[0]) || editor.constant(x)) return undefined;', '', passes],
  ]),
  ...inFile('src/graph/passes/recognise.ts', [
    ['String(axes) !== String(variance.attributes.axes)', 'false', passes],
    ['mean.inputs[0] !== distance.inputs[0]', 'false', passes],
    ['!near(scale, 0.5)', 'false', passes],
    ['one?.number !== 1', 'false', passes],
    ['epsilon: sum!.number', 'epsilon: 1e-5', passes],
  ]),
  ...inFile('src/graph/passes/edit.ts', [
    ['this.#uses.get(name) === 1 ?', 'true ?', passes],
    ['(this.#uses.get(name) ?? 0) + 2)', '(this.#uses.get(name) ?? 0))', passes],
  ]),
  ...inFile('src/graph/passes/dead-code.ts', [['for (const name of node.inputs) wanted.add(name);', '', passes]]),
];
