/**
 * A model of one's own beside those of the package: a folder of model files, made by `undertone convert`.
 * usage: node --import tsx examples/own-model.ts FOLDER
 */
import { Engine } from 'undertone';

const engine = await Engine.create({ weights: process.argv[2] ?? 'weights' });
for (const name of engine.getAvailableModels()) {
  const { key, version, labels } = engine.models[name];
  console.log(`${name}, version ${version}: results.${key} is one of ${labels.join(', ')}`);
}
const { results } = await engine.processAudioChunk({
  data: new Float32Array(16000),
  models: engine.getAvailableModels(),
});
console.log(JSON.stringify(results));
await engine.dispose();
