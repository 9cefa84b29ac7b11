import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { keepLooking } from './api/version';
import { App } from './App';
import { followOtherTabs } from './theme';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';

keepLooking();
followOtherTabs();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
