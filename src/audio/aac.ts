/** AAC and Apple Lossless, by a package that does not come along: it holds FAAD2, which is under the GPL. */
import { type AudioBlock, FormatError, type PacketDecoder } from './decoder.ts';
import type { PacketCodec } from './packets.ts';
import { quietly } from './quietly.ts';

export type AacLibrary = typeof import('@audio/decode-aac');

export async function aacLibrary(): Promise<AacLibrary> {
  try {
    return await import('@audio/decode-aac');
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new FormatError(
      'M4A and AAC need one more package, which is under the GPL and so does not come along: npm install ' +
        '@audio/decode-aac',
    );
  }
}

/** Where a file's edit list says that its presentation begins and how long it lasts, in seconds. */
export interface Presentation {
  readonly start: number;
  readonly duration?: number;
}

interface AacShape {
  readonly name: string;
  readonly channels: number;
  readonly sampleRate: number;
  /** AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), or ALAC's magic cookie. */
  readonly config: { readonly asc: Uint8Array } | { readonly alac: Uint8Array };
  readonly presentation?: Presentation | undefined;
}

export function aacCodec({ name, channels, sampleRate, config, presentation }: AacShape): PacketCodec {
  const open = async (): Promise<PacketDecoder> => {
    const { decoder } = await aacLibrary();
    const start = () => decoder({ ...config, ...(presentation && { gapless: presentation }) });
    let library = await start().catch((error: unknown) => {
      throw new FormatError(`its description of ${name} is damaged`, { cause: error });
    });
    let failures = 0;
    let isFirst = true;
    return {
      get failures() {
        return failures;
      },
      async decode(packets) {
        const output = quietly(() => library.decode(packets as Uint8Array[])) as AacOutput;
        // The first frame only starts the decoder up.
        failures += Math.max(0, (output.errors ?? 0) - (isFirst ? 1 : 0));
        isFirst = false;
        return blockOf(output);
      },
      async restart() {
        library.free();
        library = await start();
        isFirst = true;
      },
      free: () => library.free(),
    };
  };
  return { name, channels, sampleRate, preSkip: 0, open };
}

interface AacOutput {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
  readonly errors?: number;
}

function blockOf({ channelData, sampleRate }: AacOutput): AudioBlock | undefined {
  return channelData.length > 0 && channelData[0].length > 0 ? { channels: channelData, sampleRate } : undefined;
}
