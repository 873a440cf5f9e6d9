import { presenceContract } from '../presence-contract.ts';
import { MemoryPresence } from './index.ts';

presenceContract('memory', (options) => new MemoryPresence(options));
