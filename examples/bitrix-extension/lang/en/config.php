<?php
$MESS['BXPULL_STATUS_ONLINE'] = 'Connected';
$MESS['BXPULL_STATUS_CONNECT'] = 'Connecting…';
$MESS['BXPULL_STATUS_OFFLINE'] = 'No connection';
$MESS['PULL_OLD_REVISION'] = 'The site has been updated: please reload this page.';
