<?php
/** In place of Bitrix's own file: the footer of the template. */
global $APPLICATION, $USER;
require $_SERVER['DOCUMENT_ROOT'] . SITE_TEMPLATE_PATH . '/footer.php';
