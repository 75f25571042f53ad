import { labelRoutes } from './label-routes.ts';
import { createTagBody, tagAnswer, updateTagBody } from './tags.schemas.ts';
import type { TagsService } from './tags.service.ts';

/** `/tags` (seed 004). */
export const tagsRoutes = ({ tags }: { tags: TagsService }) =>
  labelRoutes({
    url: '/tags',
    section: 'Tags',
    service: tags,
    answer: tagAnswer,
    createBody: createTagBody,
    updateBody: updateTagBody,
    words: {
      list: {
        summary: 'List all tags, by name',
        description: 'A flat list: `parent_id` makes it a tree. Everybody sees every tag.',
      },
      create: {
        summary: 'Add a tag',
        description:
          'Every user may add tags. They form a tree of at most five levels. The rule runs over documents that are created from now on; `POST /tags/{id}/apply` runs it over those that are there.',
      },
      read: { summary: 'Read a tag' },
      change: {
        summary: 'Change a tag',
        description:
          'Every user may change tags. With another parent, the documents of the tag, and of those below it, get the tags that are above it now, and keep those that were.',
      },
      remove: {
        summary: 'Remove a tag',
        description:
          'For administrators; its documents lose it. A tag with others below it is a 409 with their ids as `children`.',
      },
      apply: {
        summary: 'Run the rule of a tag over the documents that are there',
        description:
          'Over all documents that the caller may see, without the trash: those that match, and that the caller may change, get the tag and those above it. Nothing is taken away. With `dry_run` nothing changes.',
      },
    },
  });
