/** Log-mel energies. */
import { type Formula, indices, tabulate } from './values.ts';

/** The sum that defines the transform, frame by frame, and the triangles between three edges (Meyda's, edges on whole bins). */
export const logmel: Formula = (pcm, { number }) => {
  const [frame, hop] = [number('frame') ?? 512, number('hop') ?? 256];
  const [bands, rate] = [number('bands') ?? 64, number('sampleRate') ?? 16000];
  const [batch, samples] = pcm.shape;
  const top = 1125 * Math.log(1 + rate / 2 / 700);
  const edges = Array.from({ length: bands + 2 }, (_, i) => {
    const hertz = Math.fround(700 * (Math.exp(Math.fround((i * top) / (bands + 1)) / 1125) - 1));
    return Math.floor(((frame + 1) * hertz) / rate);
  });
  const triangle = (bin: number, [left, peak, right]: readonly number[]): number =>
    bin < left || bin >= right ? 0 : bin < peak ? (bin - left) / (peak - left) : (right - bin) / (right - peak);
  const powers = new Map<string, number[]>();
  for (const [b, j] of indices([batch, samples / hop])) {
    const windowed = Array.from({ length: frame }, (_, i) => {
      const hann = Math.sin((Math.PI * i) / (frame - 1)) ** 2;
      return hann * pcm.at(b, (j + 1) * hop - frame + i);
    });
    const power = Array.from({ length: frame / 2 }, (_, bin) => {
      let [real, imaginary] = [0, 0];
      for (let i = 0; i < frame; i++) {
        real += windowed[i] * Math.cos((2 * Math.PI * bin * i) / frame);
        imaginary += windowed[i] * Math.sin((2 * Math.PI * bin * i) / frame);
      }
      return real ** 2 + imaginary ** 2;
    });
    powers.set(`${b},${j}`, power);
  }
  return tabulate([batch, samples / hop, bands], (b, j, band) => {
    const power = powers.get(`${b},${j}`)!;
    return Math.log(1 + power.reduce((sum, value, bin) => sum + value * triangle(bin, edges.slice(band, band + 3)), 0));
  });
};
