/**
 * Many chunks of one second at once, PCM to JSON, by how many; and against onnxruntime-node on all cores, which gets its features
 * for nothing and the whole batch in one tensor.
 */
import { availableParallelism } from 'node:os';
import { toJson } from './end-to-end.ts';
import { ByHand, meydaFeatures } from './support/by-hand.ts';
import { type BenchDevice, type Context, mustAnswerAlike } from './support/context.ts';
import type { Row } from './support/row.ts';
import { median } from './support/timing.ts';

const batches = [1, 4, 16, 64, 256, 1024, 4096];
/** Rows that onnxruntime-node sees at once: more does not help it, and memory grows. */
const peerRows = 64;

export async function throughputRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  const largest = 1024;
  const rounds = context.quick ? 1 : 5;
  const distinct = await context.voices(64);
  const chunks = Array.from({ length: largest }, (_, i) => distinct[i % distinct.length]);
  const peers = await openPeers(context);
  const distinctFeatures = distinct.map((chunk) => meydaFeatures(chunk));
  const features = chunks.map((_, i) => distinctFeatures[i % distinct.length]);
  for (const device of await context.devices()) {
    await manyLikeOne(device, distinct.slice(0, device.timed ? 64 : 8));
    if (!device.timed) continue;
    // Only a GPU gains from more than a thousand at once.
    const sizes = context.quick ? [largest] : batches.filter((size) => size <= largest || device.name === 'webgpu');
    for (const size of sizes) {
      const batch = Array.from({ length: size }, (_, i) => chunks[i % chunks.length]);
      const seconds = await repeated(rounds, () => Promise.all(batch.map((chunk) => toJson(device, chunk))));
      rows.push({
        name: `batch-${size}-realtime-factor`,
        value: size / median(seconds),
        unit: 'times real time',
        device: device.name,
      });
    }
    for (const peer of peers) {
      const ratios: number[] = [];
      const peerSeconds: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const [own] = await repeated(1, () => Promise.all(chunks.map((chunk) => toJson(device, chunk))));
        const [theirs] = await repeated(1, () => networksOf(peer.sessions, features));
        ratios.push(theirs / own);
        peerSeconds.push(theirs);
      }
      rows.push({
        name: `batch-${largest}-vs-${peer.name}`,
        value: median(ratios),
        unit: 'times',
        device: device.name,
      });
      rows.push({
        name: `peer-batch-${largest}-realtime-factor`,
        value: largest / median(peerSeconds),
        unit: 'times real time',
        device: peer.label,
      });
    }
  }
  return rows;
}

interface Peer {
  readonly name: string;
  readonly label: string;
  readonly sessions: ByHand;
}

async function openPeers(context: Context): Promise<Peer[]> {
  const { onnx } = context.settings;
  const threads = availableParallelism();
  const peers: Peer[] = [
    {
      name: 'ort',
      label: `onnxruntime-node (cpu, ${threads} threads), networks only`,
      sessions: await ByHand.open(onnx, { threads }),
    },
  ];
  if ((await context.timedDevices()).some(({ name }) => name === 'webgpu')) {
    const sessions = await ByHand.open(onnx, { provider: 'webgpu' }).catch((error: Error) =>
      console.log(`without onnxruntime-node's WebGPU provider: ${error.message}`),
    );
    if (sessions) peers.push({ name: 'ort-webgpu', label: 'onnxruntime-node (webgpu), networks only', sessions });
  }
  return peers;
}

/** The answer for a chunk does not depend on its company. */
async function manyLikeOne(device: BenchDevice, chunks: readonly Int16Array[]): Promise<void> {
  const together = await Promise.all(chunks.map((chunk) => toJson(device, chunk)));
  for (const i of [0, 1, chunks.length - 1])
    mustAnswerAlike(`chunk ${i} of ${chunks.length} on ${device.name}`, together[i], await toJson(device, chunks[i]));
}

async function networksOf(peer: ByHand, features: readonly Float32Array[]): Promise<void> {
  const size = features[0].length;
  for (let start = 0; start < features.length; start += peerRows) {
    const part = features.slice(start, start + peerRows);
    const batch = new Float32Array(part.length * size);
    part.forEach((row, i) => batch.set(row, i * size));
    await peer.networks(batch, part.length);
  }
}

/** The first run prepares programs and is not counted. */
async function repeated(rounds: number, act: () => Promise<unknown>): Promise<number[]> {
  if (rounds > 1) await act();
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await act();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
