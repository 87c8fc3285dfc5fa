import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './base.css';
import { startI18n } from './i18n/i18n.ts';
import { Root } from './root.tsx';

await startI18n();
const element = document.getElementById('root');
if (element !== null) {
  createRoot(element).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
}
