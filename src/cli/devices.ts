/** `undertone devices`: what is there, what is not, and why. */

import { DeviceUnavailableError } from '../errors.ts';
import { table } from '../reports/table.ts';
import { listDevices, openDevice } from '../runtime/devices.ts';
import { exitCodes } from './errors.ts';
import { stdoutStyle } from './style.ts';

export async function devices({ json = false }: { readonly json?: boolean }): Promise<number> {
  const reports = await listDevices();
  const auto = await chosen();
  if (json) {
    process.stdout.write(`${JSON.stringify({ devices: reports, auto: auto ?? null }, null, 2)}\n`);
    return exitCodes.done;
  }
  const rows = reports.map(({ name, available, detail }) => [
    stdoutStyle.bold(name),
    available ? stdoutStyle.green('yes') : stdoutStyle.red('no'),
    detail,
  ]);
  process.stdout.write(table([{ title: 'device' }, { title: 'there' }, { title: '' }], rows, stdoutStyle.dim));
  process.stdout.write(
    auto ? `\nauto takes ${stdoutStyle.bold(auto.backend)}: ${auto.reason}\n` : '\nauto finds nothing that computes\n',
  );
  return exitCodes.done;
}

async function chosen() {
  try {
    const { backend, info } = await openDevice('auto');
    backend.dispose();
    return info;
  } catch (error) {
    if (error instanceof DeviceUnavailableError) return undefined;
    throw error;
  }
}
