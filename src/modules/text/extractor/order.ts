/** What the extractor is told, as JSON in its only argument. */
export interface Order {
  kind: 'pdf' | 'plain';
  /** the file of pdf.js, the only one it may read beside its own */
  pdfjs: string;
  /** bytes of text that are wanted, and bytes of a PDF that are read */
  mostText: number;
  mostPdf: number;
  /** the process it works for */
  server: number;
}

/** How it says what it did not find, beyond what Node itself ends with; `unable`: that is no fault of the file. */
export const exitCodes = { broken: 60, locked: 61, tooBig: 62, unable: 63 } as const;
