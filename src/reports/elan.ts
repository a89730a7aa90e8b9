import { fileName } from '../platform/paths.ts';
import { type FileReport, type ReportFormat, runsOf } from './report.ts';
import { escaped } from './svg-parts.ts';

/**
 * ELAN's annotation file (EAF 3.0): a tier for each model, and channel where there are several; times in milliseconds.
 * https://www.mpi.nl/tools/elan/EAFv3.0.xsd
 */
export function toElan(report: FileReport): string {
  const several = Object.keys(report.channels).length > 1;
  const tracks = [...runsOf(report)];
  const times = [
    ...new Set(tracks.flatMap(({ runs }) => runs.flatMap((run) => [run.timestamp_start, run.timestamp_end]))),
  ].sort((a, b) => a - b);
  const slots = new Map(times.map((time, i) => [time, `ts${i + 1}`]));
  let annotations = 0;
  const tiers = tracks.map(({ channel, model, runs }) => {
    const rows = runs.map(
      ({ timestamp_start, timestamp_end, result }) =>
        `        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a${++annotations}" TIME_SLOT_REF1="${slots.get(timestamp_start)}" ` +
        `TIME_SLOT_REF2="${slots.get(timestamp_end)}"><ANNOTATION_VALUE>${escaped(result)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>\n`,
    );
    const name = escaped(several ? `${model} channel ${channel}` : model);
    return `    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="${name}">\n${rows.join('')}    </TIER>\n`;
  });
  const file = escaped(fileName(report.file));
  return `<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="undertone" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="./${file}" RELATIVE_MEDIA_URL="./${file}" MIME_TYPE="audio/*"/>
    </HEADER>
    <TIME_ORDER>
${times.map((time) => `        <TIME_SLOT TIME_SLOT_ID="${slots.get(time)}" TIME_VALUE="${time}"/>\n`).join('')}    </TIME_ORDER>
${tiers.join('')}    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
`;
}

export const format: ReportFormat = { extension: 'eaf', needs: { transitions: true }, joins: false, write: toElan };
