/** A sentence for people, in both languages. `{name}` stands for a parameter. */
export interface Text {
  fr: string;
  en: string;
}

export type Locale = keyof Text;

export type TextParams = Record<string, string | number>;

/** The sentence in one language, its parameters filled in. */
export function say(text: Text, locale: Locale, params: TextParams = {}): string {
  return text[locale].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

export interface AppErrorDetails {
  params?: TextParams;
  /** what is wrong with which field of the request */
  fields?: Record<string, Text[]>;
  /** further keys of the answer's body, such as the `document_id` of a duplicate */
  body?: Record<string, unknown>;
  headers?: Record<string, string>;
  cause?: unknown;
}

/**
 * The one error that services throw on purpose. `code` is `module.reason`; the sentence is written in
 * the reader's language by the error handler (contract §2).
 */
export class AppError extends Error {
  readonly code: string;
  readonly status: number;
  readonly text: Text;
  readonly details: AppErrorDetails;

  constructor(code: string, status: number, text: Text, details: AppErrorDetails = {}) {
    super(say(text, 'en', details.params), { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = status;
    this.text = text;
    this.details = details;
  }

  /** What a person reads. */
  say(locale: Locale): string {
    return say(this.text, locale, this.details.params);
  }
}

/** Declares an error once, with its code, status and both sentences; the result makes instances of it. */
export function defineError(code: string, status: number, text: Text) {
  return (details?: AppErrorDetails) => new AppError(code, status, text, details);
}
