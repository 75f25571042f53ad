import type { Transaction } from '../../src/database/client.ts';
import type { Approval } from './approval.ts';
import { epoch, type SyntheticDocument } from './generate.ts';
import type { Lists } from './lists.ts';
import type { Owner } from './members.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
/** Validators are reminded when so much of the time is left. */
const remindedMs = 2 * dayMs;

/** A paper that was submitted, and its times as they are in the database. */
interface Submitted {
  id: number;
  paper: SyntheticDocument;
  approval: Approval;
  submittedAt: number;
  deadlineAt: number;
  remindedAt: number | null;
  overdueAt: number | null;
}

interface Notice {
  user: Owner;
  kind: string;
  priority: 'urgent' | 'high' | 'normal';
  params: object;
  at: number;
  isRead: boolean;
}

const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

/** What waits has done so for some days on the day it is loaded: its deadline is soon, or has just passed. */
function timesOf(approval: Approval, { today, days }: { today: number; days: number }) {
  const { waitsFor } = approval;
  const submittedAt = waitsFor === null ? approval.submittedAt.getTime() : Math.max(today, epoch) - waitsFor;
  const deadlineAt = submittedAt + days * dayMs;
  const remindAt = Math.max(deadlineAt - remindedMs, submittedAt);
  return {
    submittedAt,
    deadlineAt,
    remindedAt: waitsFor !== null && remindAt < today ? remindAt : null,
    overdueAt: waitsFor !== null && deadlineAt < today ? deadlineAt : null,
  };
}

/** What users were told of a submitted paper, and what of that they have read. */
function noticesOf({ paper, approval, ...times }: Submitted, lists: Lists): Notice[] {
  const { title, owner, position } = paper;
  const { decision, validators, escalated } = approval;
  if (decision) {
    if (!decision.isNews) return [];
    const { status, name, comment, at } = decision;
    return [
      {
        user: owner,
        kind: `validation_${status}`,
        priority: status === 'approved' ? 'normal' : 'high',
        params: { title, username: lists.usernameOf(name), comment },
        at: at.getTime(),
        isRead: position % 5 !== 0,
      },
    ];
  }
  const deadline = iso(times.deadlineAt);
  return validators.flatMap(({ name: user }, index): Notice[] => {
    const isRead = (position + index) % 3 === 0;
    const asked = { title, username: lists.usernameOf(owner) };
    const kind = escalated ? 'validation_escalated' : 'validation_pending';
    const notices: Notice[] = [
      { user, kind, priority: 'high', params: asked, at: times.submittedAt, isRead },
    ];
    const { remindedAt, overdueAt } = times;
    const due = { user, params: { title, deadline }, isRead: false } as const;
    if (remindedAt !== null)
      notices.push({ ...due, kind: 'validation_reminder', priority: 'high', at: remindedAt });
    if (overdueAt !== null)
      notices.push({ ...due, kind: 'validation_overdue', priority: 'urgent', at: overdueAt });
    return notices;
  });
}

async function insertRequests(tx: Transaction, submitted: Submitted[], lists: Lists): Promise<void> {
  const rows = submitted.map(({ id, paper, approval: { byHand, escalated, decision }, ...times }) => ({
    id,
    amount: paper.amount,
    currency: paper.currency,
    by_hand: byHand,
    submitter: lists.ownerOf(paper.owner),
    submitted: iso(times.submittedAt),
    deadline: iso(times.deadlineAt),
    escalated: escalated ? iso(times.submittedAt) : null,
    reminded: iso(times.remindedAt),
    overdue: iso(times.overdueAt),
    decider: decision && lists.ownerOf(decision.name),
    decided: decision?.at ?? null,
    role: decision?.role ?? null,
    comment: decision?.comment ?? null,
  }));
  await tx.$executeRaw`
    INSERT INTO validation_requests (document_id, version, amount, currency, by_hand, submitted_by_id, submitted_at,
      deadline_at, escalated_at, reminded_at, overdue_notice_at, decided_by_id, decided_at, role_code, comment)
    SELECT id, 1, amount, currency, by_hand, submitter, submitted, deadline, escalated, reminded, overdue, decider, decided,
      role, comment
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS w (id int, amount numeric, currency text, by_hand boolean,
      submitter int, submitted timestamptz, deadline timestamptz, escalated timestamptz, reminded timestamptz,
      overdue timestamptz, decider int, decided timestamptz, role text, comment text)`;
}

async function insertSteps(tx: Transaction, submitted: Submitted[], lists: Lists): Promise<number> {
  const rows = submitted.flatMap(({ id, paper, approval: { decision, escalated }, submittedAt }) => {
    const subject = { id, amount: paper.amount, currency: paper.currency };
    const asked = {
      ...subject,
      action: 'submitted',
      from: null,
      to: 'pending',
      by: lists.ownerOf(paper.owner),
      at: iso(submittedAt),
    };
    const steps: object[] = [asked];
    if (escalated) steps.push({ ...asked, action: 'escalated', from: 'pending', by: null });
    if (decision) {
      const { status, name, role, comment, at } = decision;
      steps.push({
        ...subject,
        action: status,
        from: 'pending',
        to: status,
        by: lists.ownerOf(name),
        role,
        comment,
        at,
      });
    }
    return steps;
  });
  await tx.$executeRaw`
    INSERT INTO validation_history (document_id, action, from_status, to_status, performed_by_id, role_code, comment,
      version, amount, currency, created_at)
    SELECT id, action, "from", "to", "by", role, comment, 1, amount, currency, "at"
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS w (id int, action text, "from" text, "to" text, "by" int,
      role text, comment text, amount numeric, currency text, "at" timestamptz)`;
  return rows.length;
}

async function insertNotices(tx: Transaction, submitted: Submitted[], lists: Lists): Promise<number> {
  const rows = submitted
    .flatMap((one) => noticesOf(one, lists).map((notice) => ({ ...notice, id: one.id })))
    .sort((a, b) => a.at - b.at)
    .map(({ user, at, isRead, ...rest }) => ({
      ...rest,
      user: lists.ownerOf(user),
      at: iso(at),
      read: isRead ? iso(at + hourMs) : null,
    }));
  await tx.$executeRaw`
    INSERT INTO notifications (user_id, kind, priority, document_id, params, read_at, created_at)
    SELECT "user", kind, priority, id, params, read, "at"
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS w ("user" int, kind text, priority text, id int, params jsonb,
      read timestamptz, "at" timestamptz)`;
  return rows.length;
}

/**
 * The approvals of papers that have just been inserted under these ids: requests, their history, and what users
 * were told. Returns the number of rows.
 */
export async function insertApprovals(
  tx: Transaction,
  { papers, ids, lists }: { papers: SyntheticDocument[]; ids: number[]; lists: Lists },
): Promise<number> {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const submitted = papers.flatMap((paper, index): Submitted[] => {
    const { approval } = paper;
    const days = lists.typeOf(paper.type).approvalDays ?? 7;
    return approval ? [{ id: ids[index] ?? 0, paper, approval, ...timesOf(approval, { today, days }) }] : [];
  });
  await insertRequests(tx, submitted, lists);
  const steps = await insertSteps(tx, submitted, lists);
  const notices = await insertNotices(tx, submitted, lists);
  return submitted.length + steps + notices;
}
