/** What compiles and what must not; it is compiled and never run. */
import { Engine, type EngineOptions, type ModelHandle, type StreamResult, type TimeSeriesOutput } from 'undertone';

const engine = await Engine.create();
const { Speech, SpeechRT, Gender } = engine.models;
const data = new Int16Array(16000);

// Right uses: results are typed by the models that were asked for.
const { results, raw } = await engine.processAudioChunk({ data, models: [Speech, Gender], includeRawValues: true });
const speech: 'music' | 'other' | 'speech' | 'silence' = results.speech.result;
const gender: 'male' | 'female' | 'unknown' | 'no_speech' | 'silence' = results.gender.result;
const male: number | undefined = raw?.gender.male;

const byName = await engine.processAudioChunk({ data, models: ['speech-rt', 'Gender'] });
const now: 'music' | 'other' | 'speech' | 'silence' = byName.results['speech-rt'].result;

const file = await engine.processFile('call.wav', {
  models: [SpeechRT],
  includeSummary: true,
  includeTransitions: true,
});
const share: number | undefined = file.channels[0].summary?.['speech-rt'].speech_fraction;
const runs: readonly { readonly result: 'music' | 'other' | 'speech' | 'silence' }[] | undefined =
  file.channels[0].transitions?.['speech-rt'];

const stream = await engine.openStream({ models: [Gender], encoding: 'mulaw', outputPeriod: 256 });
for await (const { results: heard } of stream) if (heard.gender.result === 'female') break;

// Models of one's own, and lists that are known only when the program runs, are open.
const own = await engine.processAudioChunk({ data, models: [engine.models.Mood] });
const mood: string = own.results.mood.result;
const asked: (ModelHandle | string)[] = engine.getAvailableModels();
const open: TimeSeriesOutput = await engine.processAudioBytes({ data, models: asked });
const any: string = open.channels[0].time_series[0].results.whatever.result;
const options: EngineOptions = { weights: { speech: new Uint8Array(3) } };

// Wrong uses.
// @ts-expect-error: the key is gender
results.gendr;
// @ts-expect-error: no result is called so
results.gender.result === 'femal';
// @ts-expect-error: a model that was not asked for
results['speech-rt'];
// @ts-expect-error: a label that the model does not have
raw?.speech.male;
// @ts-expect-error: options are in camelCase
await engine.processFile('call.wav', { models: [Speech], include_summary: true });
// @ts-expect-error: openStream gives a promise
for await (const period of engine.openStream({ models: [Speech] })) console.log(period);
// @ts-expect-error: models are needed
await engine.processAudioChunk({ data });
// @ts-expect-error: there is no such device
await Engine.create({ device: 'gpu' });
// @ts-expect-error: there is no such encoding
await engine.openStream({ models: [Speech], encoding: 'mp3' });
// @ts-expect-error: a period is a number
await engine.processFile('call.wav', { models: [Speech], outputPeriod: '1024' });
// @ts-expect-error: a summary has fractions
file.channels[0].summary?.['speech-rt'].speech;
// @ts-expect-error: text is no audio
await engine.processAudioBytes({ data: 'audio', models: [Speech] });
// @ts-expect-error: results are not to be changed
results.speech.result = 'music';

export type { StreamResult };
export { any, gender, male, mood, now, open, options, runs, share, speech };
