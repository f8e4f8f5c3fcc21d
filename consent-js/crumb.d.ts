// The types of window.crumb, for the pages that use it. Copy this file into your sources, or name it under `files` of
// your tsconfig.json; it needs nothing else. Until the script has run, `crumb` is not there: hear `crumb:ready`.

export interface CrumbState {
    /** Whether a choice is in force. Without one nothing is allowed. */
    known: boolean;
    /** What made it, or "" while there is none. */
    action: '' | 'grant' | 'deny' | 'custom' | 'dismiss' | 'withdraw' | 'gpc' | 'implied' | 'minor' | 'renew' | (string & {});
    /** Granted or refused, by purpose. A purpose that is missing has not been answered. */
    purposes: Record<string, boolean>;
    /** What the law asks where the visitor is, as the service was configured. */
    regime: 'opt_in' | 'opt_out' | 'notice_only';
    /** The browser sends Global Privacy Control. */
    gpc: boolean;
    /** The visitor is known to be a minor: nothing optional is ever on. */
    minor: boolean;
}

export type Props = Record<string, string | number | boolean>;

/** What waits for the tracker: an event, its properties, its worth as pairs of the wire; the last three are of a click. */
export type Tracked = [name: string, props: Props, worth?: object, category?: string, kind?: string, link?: string];

export type CrumbEvent = 'ready' | 'change';

export interface Crumb {
    /** What is in force now. */
    consent(): CrumbState;
    /** Opens the choices. */
    show(): void;
    /**
     * Records a choice that the visitor made in the page's own controls. Purposes that are not named stay as they are;
     * those never answered are refused. Resolves when it is in force, or is not: look at `purposes`.
     */
    set(purposes: Record<string, boolean>): Promise<CrumbState>;
    /** Calls back on an event, for `ready` at once where it has been. Returns what ends that. */
    on(name: CrumbEvent, listener: (now: CrumbState) => void): () => void;
    /**
     * Reports an event of the page's own, where its purpose is granted. `value` and `currency` (ISO 4217) are what it is
     * worth, everything else are its properties. It waits until the tracker is loaded, and is dropped with the choice
     * that it was before: consent is prior.
     */
    track(name: string, props?: Props): void;
    /**
     * The visitor is a minor: everything optional is refused, recorded as such once, and not asked for again. It may be
     * called on every page.
     */
    minor(): Promise<CrumbState>;
    /** What waits for the tracker, and then the tracker. */
    queue: { readonly length: number; push(tracked: Tracked): unknown };
}

declare global {
    interface Window {
        crumb: Crumb;
    }
    var crumb: Crumb;
    interface CrumbEventMap {
        'crumb:ready': CustomEvent<CrumbState>;
        'crumb:change': CustomEvent<CrumbState>;
    }
    interface DocumentEventMap extends CrumbEventMap {}
    interface WindowEventMap extends CrumbEventMap {}
}
