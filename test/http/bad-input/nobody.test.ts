import { describeBadInput } from './suite.ts';

describeBadInput('nobody');
