import { describeBadInput } from './suite.ts';

describeBadInput('administrator');
