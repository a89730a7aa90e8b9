/** The service as a library: start it in a process of your own. */
export { type Server, startServer } from './server.ts';
export { defaults, type Settings } from './settings.ts';
export { type RunningWorker, startWorker } from './worker.ts';
