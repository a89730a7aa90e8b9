/**
 * What waits for an AbortSignal. However many wait for one signal, it has one listener, so that Node warns of no leak.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `abort` when the signal aborts, unless the function that is given back is called before. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (!signal) return () => {};
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    const all = new Set<() => void>();
    waiting.set(signal, all);
    signal.addEventListener('abort', () => all.forEach((callback) => callback()), { once: true });
    callbacks = all;
  }
  callbacks.add(abort);
  return () => callbacks.delete(abort);
}

/** The promise, or the signal's reason if that comes first. */
export function abortable<T>(promise: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return Promise.resolve(promise);
  return new Promise<T>((resolve, reject) => {
    const done = onAbort(signal, () => reject(signal.reason));
    Promise.resolve(promise).then(resolve, reject).finally(done);
  });
}
