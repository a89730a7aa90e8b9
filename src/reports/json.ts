import type { FileReport, ReportFormat } from './report.ts';

/** The form that the engine gives; of several files a list, each with its name. */
export const format: ReportFormat = {
  extension: 'json',
  joins: true,
  end: (written) => (written > 0 ? '\n]\n' : '[]\n'),
  write: (report, { alone, first }) =>
    alone
      ? `${JSON.stringify(engineOutput(report), null, 2)}\n`
      : `${first ? '[\n' : ',\n'}${JSON.stringify({ file: report.file, ...engineOutput(report) })}`,
};

/** What `processFile` gave. */
export function engineOutput({ channels, warnings }: FileReport) {
  return warnings ? { channels, warnings } : { channels };
}
