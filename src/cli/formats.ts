/** What `analyze --format` can write. Writers are loaded when they are asked for. */
import type { FileReport } from '../reports/report.ts';
import type { Envelope } from '../reports/svg-envelope.ts';

export interface Format {
  readonly extension: string;
  /** What the engine must give beyond what the user asked to see. */
  readonly needs: {
    readonly raw?: boolean;
    readonly transitions?: boolean;
    readonly summary?: boolean;
    readonly waveform?: boolean;
  };
  /** Whether results of several files may stand one after the other in one text. */
  readonly joins: boolean;
  write(report: FileReport, envelopes: Readonly<Record<string, Envelope>>, place: Place): Promise<string>;
}

/** Where a result stands: alone in a file, or among others on standard output. */
export interface Place {
  readonly alone: boolean;
  readonly first: boolean;
}

export const formats: Readonly<Record<string, Format>> = {
  table: {
    extension: 'txt',
    needs: {},
    joins: true,
    write: async (report, _, { first }) => `${first ? '' : '\n'}${(await import('./listing.ts')).listing(report)}`,
  },
  json: {
    extension: 'json',
    needs: {},
    joins: true,
    write: async (report, _, { alone, first }) =>
      alone
        ? `${JSON.stringify(bare(report), null, 2)}\n`
        : `${first ? '[\n' : ',\n'}${JSON.stringify({ file: report.file, ...bare(report) })}`,
  },
  jsonl: {
    extension: 'jsonl',
    needs: {},
    joins: true,
    write: async (report) => `${JSON.stringify({ file: report.file, ...bare(report) })}\n`,
  },
  csv: {
    extension: 'csv',
    needs: {},
    joins: true,
    write: async (report, _, { alone, first }) =>
      (await import('../reports/csv.ts')).toCsv(report, { header: alone || first }),
  },
  textgrid: {
    extension: 'TextGrid',
    needs: { transitions: true },
    joins: false,
    write: async (report) => (await import('../reports/textgrid.ts')).toTextGrid(report),
  },
  rttm: {
    extension: 'rttm',
    needs: { transitions: true },
    joins: true,
    write: async (report) => (await import('../reports/rttm.ts')).toRttm(report),
  },
  audacity: {
    extension: 'txt',
    needs: { transitions: true },
    joins: false,
    write: async (report) => (await import('../reports/audacity.ts')).toAudacityLabels(report),
  },
  svg: {
    extension: 'svg',
    needs: picture(),
    joins: false,
    write: async (report, envelopes) => (await import('../reports/svg.ts')).toSvg(report, envelopes),
  },
  html: {
    extension: 'html',
    needs: picture(),
    joins: false,
    write: async (report, envelopes) => (await import('../reports/html.ts')).toHtml(report, envelopes),
  },
};

function picture(): Format['needs'] {
  return { raw: true, transitions: true, summary: true, waveform: true };
}

/** The form that the engine gives. */
function bare({ channels, warnings }: FileReport) {
  return warnings ? { channels, warnings } : { channels };
}
