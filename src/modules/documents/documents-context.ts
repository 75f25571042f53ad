import type { Database, Transaction } from '../../database/client.ts';
import type { ContentStore } from '../../storage/content-store.ts';

type InTransaction = (tx: Transaction, o: { documentIds: number[] }) => Promise<void>;

/** What an approval is about, before and after a change. */
export interface SubjectChange {
  documentId: number;
  userId: number;
  before: Subject | null;
  after: Subject;
}

export interface Subject {
  version: number;
  amount: number | null;
  currency: string;
  documentTypeId: number;
}

/** What the use cases of documents work with. */
export interface DocumentsContext {
  db: Database;
  store: ContentStore;
  /**
   * Told, inside the transaction, of documents whose file, place on the targets (month, folder, name) or
   * trash state has just changed.
   */
  onFiled: InTransaction;
  /** Told, inside the transaction, of documents that have just been deleted for good. */
  onPurged: InTransaction;
  /**
   * Told, inside the transaction and after `holdLabels`, of a document that is new or has another file: gives it
   * what the rules of tags and correspondents say. Its revision is the caller's.
   */
  onText: (tx: Transaction, o: { documentId: number }) => Promise<void>;
  /**
   * Told, inside the transaction, of a document whose current version has other bytes, with text in them or
   * perhaps: theirs is to be taken out.
   */
  onBytes: (tx: Transaction, o: { documentId: number; version: number }) => Promise<void>;
  /**
   * Told, inside the transaction and with the document locked, of one that is new (`before` null), or that has
   * another version, amount, currency or type: it may need approval. Its revision is the caller's.
   */
  onSubject: (tx: Transaction, o: SubjectChange) => Promise<void>;
  log: { error(details: object, message: string): void };
  now: () => Date;
}
