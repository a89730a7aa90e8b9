/** Every setting once: flag, environment variable, key in the file, default, bounds and where it applies. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';

interface NumberSetting {
  readonly kind: 'number';
  readonly default: number;
  readonly least: number;
  readonly most: number;
}
interface TextSetting {
  readonly kind: 'text';
  readonly default: string | undefined;
  readonly choices?: readonly string[];
}
interface ListSetting {
  readonly kind: 'list';
  readonly default: readonly string[];
}
interface SwitchSetting {
  readonly kind: 'switch';
  readonly default: false;
}
type Kind = NumberSetting | TextSetting | ListSetting | SwitchSetting;
type Place = 'server' | 'worker' | 'enqueue';
type Setting = Kind & { readonly help: string; readonly in: readonly Place[] };

const number = (help: string, value: number, least: number, most: number, ...places: Place[]) =>
  ({ kind: 'number', help, default: value, least, most, in: places }) as const;
const text = <D extends string | undefined>(help: string, value: D, ...places: Place[]) =>
  ({ kind: 'text', help, default: value, in: places }) as const;
const list = (help: string, ...places: Place[]) =>
  ({ kind: 'list', help, default: [] as readonly string[], in: places }) as const;
const toggle = (help: string, ...places: Place[]) => ({ kind: 'switch', help, default: false, in: places }) as const;
const choice = (help: string, value: string, choices: readonly string[], ...places: Place[]) =>
  ({ kind: 'text', help, default: value, choices, in: places }) as const;

const cores = availableParallelism();

export const settings = {
  host: text('address to listen on', '127.0.0.1', 'server'),
  port: number('port to listen on; 0 takes a free one', 8080, 0, 65_535, 'server'),
  device: choice('what computes', 'auto', ['auto', 'webgpu', 'cpu', 'gpu.js'], 'server', 'worker'),
  threads: number('threads of the engine', cores, 1, 1024, 'server', 'worker'),
  weights: text('folder of model files in place of the ones that come with undertone', undefined, 'server', 'worker'),

  keys: list('keys that callers present, as they are or as sha256:HEX; with none, one is made and printed', 'server'),
  open: toggle('ask for no key: for a network where every caller is trusted', 'server'),
  secret: text(
    'signs temporary tokens and snapshots; the same in every process. Default: made from the keys',
    undefined,
    'server',
  ),
  tokenSeconds: number('longest life of a temporary token', 3600, 1, 86_400, 'server'),
  twilioAuthToken: text("Twilio's auth token: calls with its right signature need no key", undefined, 'server'),
  publicUrl: text('the URL that callers see, as in wss://voice.example.org', undefined, 'server'),
  trustProxy: toggle('believe X-Forwarded-For: only behind a proxy that sets it', 'server'),

  rateLimit: number('requests a minute for each key; 0 for no limit', 600, 0, 1e9, 'server'),
  maxBody: number('MB in the body of a request', 100, 1, 100_000, 'server'),
  maxRequests: number('files and chunks analysed at once for requests that wait', 32, 1, 10_000, 'server'),
  bodySeconds: number('time for a request to arrive', 300, 1, 86_400, 'server'),
  analysisSeconds: number('time for its analysis', 300, 0.001, 86_400, 'server'),

  maxCalls: number('live calls at once', 1000, 1, 1e6, 'server'),
  maxMessage: number('KB in one message of a call', 1024, 1, 65_536, 'server'),
  maxUnread: number('KB of results that a caller may leave unread before the call is cut', 256, 1, 1e6, 'server'),
  idleSeconds: number('a call without audio or KeepAlive ends after', 60, 1, 86_400, 'server'),
  callSeconds: number('longest call', 86_400, 1, 1e7, 'server'),
  graceSeconds: number(
    'after SIGTERM, time for calls and jobs to end by themselves',
    25,
    0,
    86_400,
    'server',
    'worker',
  ),

  redis: text('jobs go through this Redis, as in redis://127.0.0.1:6379', undefined, 'server', 'worker', 'enqueue'),
  queue: text('name of the queue in Redis', 'undertone', 'server', 'worker', 'enqueue'),
  results: text(
    'where audio of jobs and results are kept: a folder, or command:PROGRAM',
    undefined,
    'server',
    'worker',
    'enqueue',
  ),
  keepHours: number('results of jobs are kept for', 24, 0.001, 1e5, 'server', 'worker'),
  concurrency: number('jobs at once', cores, 1, 1024, 'server', 'worker'),
  tries: number('tries before a job has failed', 3, 1, 100, 'server', 'enqueue'),
  retrySeconds: number(
    'wait before the second try; doubles with each further one',
    1,
    0.001,
    86_400,
    'server',
    'enqueue',
  ),
  jobSeconds: number('longest time for one job', 3600, 1, 1e6, 'server', 'worker'),
  lockSeconds: number('a job whose worker has been silent for this long goes to another', 30, 1, 86_400, 'worker'),
  maxJobs: number('jobs that may wait', 10_000, 1, 1e9, 'server', 'enqueue'),
  files: text('folder that enqueued files lie in', undefined, 'worker'),
  metricsPort: number('port for /metrics, /healthz and /readyz of a worker; 0 for none', 0, 0, 65_535, 'worker'),

  urlHosts: list(
    'hosts that jobs may fetch from: name, *.name, either with :port; none: no url jobs',
    'server',
    'worker',
  ),
  urlPrivate: toggle('let those hosts have private addresses', 'server', 'worker'),
  maxDownload: number('MB of a file that is fetched', 1024, 1, 1e6, 'server', 'worker'),
  downloadSeconds: number('longest time for fetching a file', 300, 1, 86_400, 'server', 'worker'),

  logLevel: choice('what is logged', 'info', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'server', 'worker'),
} as const satisfies Record<string, Setting>;

type Value<S extends Setting> = S extends NumberSetting
  ? number
  : S extends ListSetting
    ? readonly string[]
    : S extends SwitchSetting
      ? boolean
      : S['default'] extends string
        ? string
        : string | undefined;

export type Settings = { readonly [K in keyof typeof settings]: Value<(typeof settings)[K]> };

export const defaults: Settings = Object.fromEntries(
  Object.entries(settings).map(([name, setting]) => [name, setting.default]),
) as unknown as Settings;

/** `maxCalls`: `--max-calls` and UNDERTONE_MAX_CALLS. */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const flagOf = (name: string) => `--${words(name)}`;
export const variableOf = (name: string) => `UNDERTONE_${words(name).replaceAll('-', '_').toUpperCase()}`;

/**
 * Gives a command the settings of its place; flags win over the environment, that over the file, that over defaults.
 */
export function addSettings(command: Command, place: Place): Command {
  command.option('--config <file>', 'settings as JSON, keys as in {"maxCalls": 500} (env: UNDERTONE_CONFIG)');
  for (const [name, setting] of Object.entries(settings) as [string, Setting][]) {
    if (!setting.in.includes(place)) continue;
    const option = new Option(
      setting.kind === 'switch' ? flagOf(name) : `${flagOf(name)} <${setting.kind}>`,
      setting.help,
    );
    option.env(variableOf(name)).default(setting.default, shown(setting.default));
    if (setting.kind === 'text' && setting.choices) option.choices(setting.choices);
    if (setting.kind === 'number')
      option.argParser((value) => checkedNumber(value.trim() === '' ? NaN : Number(value), setting));
    if (setting.kind === 'list') option.argParser((value) => split(value));
    command.addOption(option);
  }
  return command.hook('preAction', (_, action) => applyFile(action, place));
}

/** All settings; those that the command does not have are the defaults. */
export function settled(options: Record<string, unknown>): Settings {
  return { ...defaults, ...options } as Settings;
}

function applyFile(command: Command, place: Place): void {
  const file = command.opts<{ config?: string }>().config ?? process.env['UNDERTONE_CONFIG'];
  if (!file) return;
  for (const [name, value] of Object.entries(readSettings(file))) {
    // A file may serve server and workers alike.
    if (!settings[name as keyof Settings].in.includes(place as never)) continue;
    const source = command.getOptionValueSource(name);
    if (source === 'default' || source === undefined) command.setOptionValueWithSource(name, value, 'config');
  }
}

/** @throws Error that names the file, the key and what is allowed */
export function readSettings(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw new Error(`${file}: settings are a JSON object`);
  }
  for (const [name, value] of Object.entries(content)) {
    const setting = (settings as Record<string, Setting>)[name];
    if (!setting) throw new Error(`${file}: there is no setting ${JSON.stringify(name)}`);
    const fault = faultOf(value, setting);
    if (fault) throw new Error(`${file}: ${name} must be ${fault}, not ${JSON.stringify(value)}`);
  }
  return content as Record<string, unknown>;
}

function faultOf(value: unknown, setting: Setting): string | undefined {
  if (setting.kind === 'number') {
    const right = typeof value === 'number' && value >= setting.least && value <= setting.most;
    return right ? undefined : `a number from ${setting.least} to ${setting.most}`;
  }
  if (setting.kind === 'list') {
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'a list of strings';
  }
  if (setting.kind === 'switch') return typeof value === 'boolean' ? undefined : 'true or false';
  if (typeof value !== 'string') return 'a string';
  return !setting.choices || setting.choices.includes(value) ? undefined : `one of ${setting.choices.join(', ')}`;
}

function checkedNumber(value: number, setting: NumberSetting): number {
  const fault = faultOf(value, { ...setting, help: '', in: [] });
  if (fault) throw new InvalidArgumentError(`It must be ${fault}.`);
  return value;
}

function split(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function shown(value: unknown): string | undefined {
  return Array.isArray(value) ? (value.length > 0 ? value.join(',') : 'none') : undefined;
}
