/** Runs beside the page: the microphone's samples as 16-bit integers, a tenth of a second at a time. */
class Recorder extends AudioWorkletProcessor {
  #samples = new Int16Array(Math.round(sampleRate / 10));
  #filled = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.#samples[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.#filled < this.#samples.length) continue;
      this.port.postMessage(this.#samples.buffer.slice(0));
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('recorder', Recorder);
