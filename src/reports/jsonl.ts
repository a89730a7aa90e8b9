import { engineOutput } from './json.ts';
import type { ReportFormat } from './report.ts';

/** A line of JSON a file, with its name. */
export const format: ReportFormat = {
  extension: 'jsonl',
  joins: true,
  write: (report) => `${JSON.stringify({ file: report.file, ...engineOutput(report) })}\n`,
};
