import { describeBadInput } from './suite.ts';

describeBadInput('member');
