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
    // Builds it in @root, once.
    mount: (root: HTMLElement) => Mounted;
}

export interface Mounted {
    // Shows that state; @signal ends when it is shown no more.
    update: (state: State, signal: AbortSignal) => void;
    // Shows the dialog that the address names by `open`, or none: what stands behind it stays as it is.
    open?: (name: string) => void;
}
