import { attendanceContract } from '../attendance-contract.ts';
import { MemoryAttendance } from './attendance.ts';

attendanceContract('memory', () => new MemoryAttendance());
