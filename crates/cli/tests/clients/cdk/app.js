// A function from a folder, a file that is uploaded as it is, and, when asked, a secret that can't be made.
const cdk = require('aws-cdk-lib');
const assets = require('aws-cdk-lib/aws-s3-assets');
const lambda = require('aws-cdk-lib/aws-lambda');
const s3 = require('aws-cdk-lib/aws-s3');
const ssm = require('aws-cdk-lib/aws-ssm');

const app = new cdk.App();
const stack = new cdk.Stack(app, 'App');
const page = new assets.Asset(stack, 'Page', { path: 'web/index.html' });
const bucket = new s3.Bucket(stack, 'Bucket', { removalPolicy: cdk.RemovalPolicy.DESTROY });
new lambda.Function(stack, 'Function', {
  runtime: lambda.Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: lambda.Code.fromAsset('function'),
  environment: { PAGE: page.s3ObjectUrl, BUCKET: bucket.bucketName },
});
new ssm.StringParameter(stack, 'Where', { stringValue: page.s3ObjectKey });
if (app.node.tryGetContext('broken')) {
  new cdk.CfnResource(stack, 'Broken', {
    type: 'AWS::SecretsManager::Secret',
    properties: { SecretString: 'one', GenerateSecretString: {} },
  });
}
