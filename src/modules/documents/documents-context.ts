import type { Database, Transaction } from '../../database/client.ts';
import type { ContentStore } from '../../storage/content-store.ts';

type InTransaction = (tx: Transaction, o: { documentIds: number[] }) => Promise<void>;

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
   * Told, inside the transaction and with the document locked, of one that is new or has another version, amount,
   * currency or type, and of who made it so: it may need approval. Its revision is the caller's.
   */
  onSubject: (tx: Transaction, o: { documentId: number; userId: number }) => Promise<void>;
  log: { error(details: object, message: string): void };
  now: () => Date;
}
