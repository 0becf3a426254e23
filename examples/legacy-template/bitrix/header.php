<?php
/** In place of Bitrix's own file: its API, then the header of the template. */
require_once __DIR__ . '/api.php';

global $APPLICATION, $USER;
// The title is set by the page, below the header that prints it: the page is held back until it is complete.
ob_start([$APPLICATION, 'Finish']);
require $_SERVER['DOCUMENT_ROOT'] . SITE_TEMPLATE_PATH . '/header.php';
