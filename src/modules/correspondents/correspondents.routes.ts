import { labelRoutes } from '../tags/label-routes.ts';
import {
  correspondentAnswer,
  createCorrespondentBody,
  updateCorrespondentBody,
} from './correspondents.schemas.ts';
import type { CorrespondentsService } from './correspondents.service.ts';

/** `/correspondents` (seed 004). */
export const correspondentsRoutes = ({ correspondents }: { correspondents: CorrespondentsService }) =>
  labelRoutes({
    url: '/correspondents',
    section: 'Correspondents',
    service: correspondents,
    answer: correspondentAnswer,
    createBody: createCorrespondentBody,
    updateBody: updateCorrespondentBody,
    words: {
      list: {
        summary: 'List all correspondents, by name',
        description: 'Everybody sees every correspondent.',
      },
      create: {
        summary: 'Add a correspondent',
        description:
          'Every user may add correspondents. The rule runs over documents that are created from now on with no correspondent; the first that matches, by id, is taken, else the one that `auto` is surest of; `POST /correspondents/{id}/apply` runs it over those that are there.',
      },
      read: { summary: 'Read a correspondent' },
      change: {
        summary: 'Change a correspondent',
        description: 'Every user may change correspondents.',
      },
      remove: {
        summary: 'Remove a correspondent',
        description: 'For administrators; its documents are left without one.',
      },
      apply: {
        summary: 'Run the rule of a correspondent over the documents that are there',
        description:
          'Over all documents that the caller may see, without the trash: those that match, have no correspondent and that the caller may change get this one. With `dry_run` nothing changes.',
      },
    },
  });
