import type { MouseEvent, ReactNode } from 'react';
import { type Detail, detailPath, navigate } from './router.ts';

interface LinkProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  readonly current?: boolean;
}

/** A link within the console: a plain click stays on the page, any other does what the browser does. */
export function Link({ to, children, className, current }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a
      href={to}
      onClick={follow}
      {...(className !== undefined && { className })}
      {...(current === true && { 'aria-current': 'page' as const })}
    >
      {children}
    </a>
  );
}

/** Opens a ticket or an order over the page one is on. */
export function DetailLink({ detail, children }: { detail: Detail; children: ReactNode }) {
  return <Link to={detailPath(window.location.pathname, detail)}>{children}</Link>;
}
