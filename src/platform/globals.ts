/**
 * Names of the web platform that stand in public types, so that they mean something in projects that have neither the
 * DOM library nor Node's types. Where those are there, these merge with them and add nothing.
 */
declare global {
  interface AbortSignal {
    readonly aborted: boolean;
  }
  interface Blob {
    readonly size: number;
  }
  interface GPU {}
  // biome-ignore lint/suspicious/noExplicitAny: as the other declarations that it merges with have it
  interface ReadableStream<R = any> {
    readonly locked: boolean;
  }
  interface Response {
    readonly ok: boolean;
  }
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
  interface URL {
    href: string;
  }
  // biome-ignore lint/suspicious/noExplicitAny: as the other declarations that it merges with have it
  interface WritableStream<W = any> {
    readonly locked: boolean;
  }
}

export {};
