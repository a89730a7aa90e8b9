/** From step probabilities to what a caller reads. */
import { inFile } from './mutation.ts';

const decision = 'test/models/decision.test.ts';
const series = 'test/reports/series.test.ts';
const listener = 'test/listening/listener.test.ts';
const queue = 'test/listening/step-queue.test.ts';

export const answers = [
  ...inFile('src/answers/decision.ts', [
    ['level < volumeThreshold', 'level <= volumeThreshold', decision],
    ['volumeThreshold >= 1 || ', '', decision],
    ['a.name < b.name ? -1 : 1', 'a.name < b.name ? 1 : -1', decision],
    ['round4(1 - mean[speech])', 'round4(mean[speech])', decision],
    ['(gate && shut(gate, counted)) ?? judge', 'judge', decision],
    ['indexOfLargest(mean) === speech ?', 'mean[speech] > 0.5 ?', decision],
    ['model.warmupWeights[index] ?? 1', '(gate ?? model).warmupWeights[index] ?? 1', decision],
    ['warmupWeights[index] ?? 1;', 'warmupWeights[index] ?? 0;', decision],
    ['if (total === 0) return plainMean(model, steps);', '', decision],
    ['mean[i] = mean[i] / total', 'mean[i] = mean[i] / steps.length', decision],
    ['total += weight;', 'total += 1;', decision],
    ['model.labels.length !== 2', 'model.labels.length < 2', decision],
    ['audible.length > 0 ? audible : steps', 'steps', decision],
    ['row * count + i', 'i', listener],
    ['row * gate.labels.length + speech', 'speech', listener],
    ['values[i] > values[best]', 'values[i] >= values[best]', decision],
    ['Math.round(value * 1e4)', 'Math.floor(value * 1e4)', decision],
  ]),
  ...inFile('src/answers/periods.ts', [
    ['this.#steps.length === this.#length', 'this.#steps.length > this.#length', series],
    ['this.#given * outputPeriod', 'this.#given', series],
    ['this.#steps = [];\n    return', 'return', series],
    ['this.#steps.length > 0 ? this.#close() : undefined', 'undefined', series],
  ]),
  ...inFile('src/options.ts', [['(value as number) % stepMilliseconds === 0', 'true', 'test/options.test.ts']]),
  ...inFile('src/answers/transitions.ts', [
    ['if (model.run) model.done.push(closed(model.run, this.#steps));', '', series],
    ['confidences / (end - start)', 'confidences', series],
    ['run ? [...done, closed(run, this.#steps)] : [...done]', '[...done]', series],
    ['timestamp_end: end * stepMilliseconds', 'timestamp_end: (end - 1) * stepMilliseconds', series],
    [
      '{ start: this.#steps, result, confidences: 0 }',
      '{ start: this.#steps, result, confidences: confidence }',
      series,
    ],
  ]),
  ...inFile('src/answers/summary.ts', [['count / this.#steps)', 'count)', series]]),
  ...inFile('src/listening/listener.ts', [
    ['this.#done = 0;', '', listener],
    ['this.#stream = undefined;', '', listener],
    ['index: first + row', 'index: row', listener],
    ['this.#done = steps;', '', listener],
    ['openStream(this.settings.ids, carried)', 'openStream(this.settings.ids)', listener],
  ]),
  ...inFile('src/listening/step-queue.ts', [
    ['this.#start = end;', '', queue],
    ['this.#end = waiting;', '', queue],
    ['buffer.copyWithin(0, this.#start, this.#end)', 'void buffer', queue],
  ]),
];
