"""The reviewer's place of work: what was answered beside what is known, conditions, opinion, correction, materials."""
