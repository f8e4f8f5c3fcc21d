// A view: one page of the dashboard, one file. views.ts lists them.
import type { Session } from './api.ts';
import type { State } from './state.ts';

export interface View {
    id: string; // in the address
    title: string;
    key: string; // its shortcut
    roles: Session['role'][]; // who may see it
    hasPeriod: boolean; // whether dates and filters mean anything in it
    hasComparison?: boolean;
    hasNoFilters?: boolean;
    // Builds it in @root, once. What it gives is called for each state; @signal ends when that is shown no more.
    mount: (root: HTMLElement) => (state: State, signal: AbortSignal) => void;
}
