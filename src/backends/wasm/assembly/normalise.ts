/** y = (x - mean) / sqrt(variance + epsilon) * scale + bias, the variance as the mean of squared distances. */
import { multiplyAdd, splat, storeLanes } from './vector';

@unmanaged
export class Normalise {
  /** [groups, length, channels]; each group and channel has a mean of its own over `length`. */
  x: usize;
  y: usize;
  groups: i32;
  length: i32;
  channels: i32;
  /** [scaleCount]; where channels is 1 they repeat along `length`, else scaleCount is channels. */
  scale: usize;
  bias: usize;
  scaleCount: i32;
  epsilon: f32;
}

export function normalise(p: Normalise): void {
  const size = <usize>(p.length * p.channels) << 2;
  for (let group = 0; group < p.groups; group++) {
    const offset = <usize>group * size;
    if (p.channels > 1) normaliseColumns(p, p.x + offset, p.y + offset);
    else normaliseRow(p, p.x + offset, p.y + offset);
  }
}

function normaliseColumns(p: Normalise, x: usize, y: usize): void {
  const wide = <usize>p.channels << 2;
  const size = wide * <usize>p.length;
  const share = splat(<f32>1 / <f32>p.length);
  for (let c: usize = 0; c < wide; c += 16) {
    let mean = splat(0);
    for (let at: usize = 0; at < size; at += wide) mean = f32x4.add(mean, v128.load(x + c + at));
    mean = f32x4.mul(mean, share);
    let variance = splat(0);
    for (let at: usize = 0; at < size; at += wide) {
      const distance = f32x4.sub(v128.load(x + c + at), mean);
      variance = multiplyAdd(distance, distance, variance);
    }
    const factor = f32x4.div(v128.load(p.scale + c), f32x4.sqrt(multiplyAdd(variance, share, splat(p.epsilon))));
    const bias = v128.load(p.bias + c);
    const count = <i32>((wide - c) >> 2);
    for (let at: usize = 0; at < size; at += wide) {
      storeLanes(y + c + at, multiplyAdd(f32x4.sub(v128.load(x + c + at), mean), factor, bias), count);
    }
  }
}

function normaliseRow(p: Normalise, x: usize, y: usize): void {
  const share = <f32>1 / <f32>p.length;
  const size = <usize>p.length << 2;
  let mean: f32 = 0;
  for (let at: usize = 0; at < size; at += 4) mean += load<f32>(x + at);
  mean *= share;
  let variance: f32 = 0;
  for (let at: usize = 0; at < size; at += 4) {
    const distance = load<f32>(x + at) - mean;
    variance += distance * distance;
  }
  const unit = <f32>1 / sqrt<f32>(variance * share + p.epsilon);
  const period = <usize>p.scaleCount << 2;
  for (let start: usize = 0; start < size; start += period) {
    for (let c: usize = 0; c < period; c += 16) {
      const value = f32x4.mul(f32x4.sub(v128.load(x + start + c), splat(mean)), splat(unit));
      const out = multiplyAdd(value, v128.load(p.scale + c), v128.load(p.bias + c));
      storeLanes(y + start + c, out, <i32>((period - c) >> 2));
    }
  }
}
