/** A thread of `CorpusPool`. */
import { answerJobs } from '../../threads/answer-jobs.js';
import { type CorpusJob, CorpusJobs } from './corpus-jobs.js';

const jobs = new CorpusJobs();
answerJobs((job: CorpusJob, onDone) => jobs.run(job, onDone));
